"""All that knows the SuperOffice WebAPI: address, sign-in, calls, retries, decoding."""
