module gloflow.local/lab/nat

go 1.21
