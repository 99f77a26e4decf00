"""The client programs of OpenSSH: whom they can reach, and what an agent tells them."""
