echo 'Hello OpenShift, @variant@' > /var/www/html/index.html && run-httpd
