"""The methods of other libraries, which the extra `peers` installs; imported only when they are asked for."""
