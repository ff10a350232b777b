"""Watching figures: rules that are evaluated by the clock, and one alert for each change."""
