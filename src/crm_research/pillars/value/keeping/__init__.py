"""What is keeping customers worth, and how much of that is assumption?"""
