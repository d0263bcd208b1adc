/** Floor: a watch, by a script that does nothing else. Usage: url */
import http from 'node:http';

http.get(`${process.argv[2]}/apis/cloudsql-ssl.dev/v1alpha1/cloudsqlsslresets?watch=true`, (response) =>
  response.resume(),
);
