"""Protobuf classes, generated from proto/ by hatch_build.py."""
