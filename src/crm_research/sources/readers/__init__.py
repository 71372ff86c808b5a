"""Readers: rows of files, workbooks, databases and servers, brought into reach as they are."""
