"""Stand-ins for curl, jq and grpcurl on a machine without them: as much of each as the README uses."""
