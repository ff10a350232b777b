"""Churn early warning: who may be leaving, at which level, and for which reasons."""
