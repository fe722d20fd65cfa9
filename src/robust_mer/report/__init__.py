"""From scores to what people read: tables, figures, and the page that holds them all."""
