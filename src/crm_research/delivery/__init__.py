"""What is made reaches its readers: sites in folders and stores, and mail."""
