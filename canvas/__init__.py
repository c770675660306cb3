"""What serves the page: a memory of what nodes saw, previews under other widget values, and the routes to both."""
