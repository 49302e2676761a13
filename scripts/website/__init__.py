"""Makes the documentation site: runs the pages' examples, builds, and checks the links."""
