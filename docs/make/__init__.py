"""The pages of the site that are made from data. Not for those written by hand."""
