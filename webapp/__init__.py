"""The starter app that students fork, edit and deploy."""
