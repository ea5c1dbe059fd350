curl --fail --silent --show-error --retry 5 --output /output/index.html http://127.0.0.1:8006/cdh/resource/@resource@
