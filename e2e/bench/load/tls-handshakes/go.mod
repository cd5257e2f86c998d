module heddle/e2e/bench/load/tls-handshakes

go 1.26.0
