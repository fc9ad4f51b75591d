"""Who acts: roles, principals, and how addresses are kept."""
