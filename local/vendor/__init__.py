"""What web/ has of others: brought from the npm registry as locked, and verified without it."""
