"""PowerSchool over PowerQueries, and the plugin that brings them."""
