"""What each page is given: frozen values, computed before the template sees them."""
