"""Charts drawn as SVG by pure functions: from figures and their intervals to a drawing."""
