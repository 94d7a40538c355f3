"""preflight → snapshot → keys → pre_data → stream (copy out, mask, copy in) → post_data → verify → carry over → swap"""
