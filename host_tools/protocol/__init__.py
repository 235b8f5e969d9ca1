"""Protobuf classes, generated from proto/ by proto/build_hook.py."""
