"""What customers will surely bring: value at the doubt of leaving and of payment."""
