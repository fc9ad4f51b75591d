"""The shapes of requests and answers: they validate what comes in and document what goes out."""
