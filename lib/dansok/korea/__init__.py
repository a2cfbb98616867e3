"""What is Korean lives here and nowhere else: plates, addresses, calendar, rules, particles."""
