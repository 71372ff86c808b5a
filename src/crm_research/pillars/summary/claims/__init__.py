"""What everybody says of customers, beside what these records say."""
