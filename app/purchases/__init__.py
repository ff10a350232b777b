"""Who bought when, kept ready for figures: sets of customers, and sums by day and by cohort."""
