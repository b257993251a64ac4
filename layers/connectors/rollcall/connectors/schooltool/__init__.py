"""Mindex SchoolTool by way of its OneRoster 1.1 service."""
