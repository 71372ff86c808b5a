"""What raises loyalty: discounts, campaigns, complaints made good, the programme, the first order."""
