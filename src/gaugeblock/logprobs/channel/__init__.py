"""What an API did to its logprobs: each module measures one property from recorded rows."""
