"""Stores of objects and the lakes in them: files of S3, Google and Azure, tables of Delta and Iceberg."""
