"""What is kept added up is counted again from the rows, and differences are said aloud."""
