"""The OpenAPI document, made of the routes' own contracts, and Swagger UI over it."""
