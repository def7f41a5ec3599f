{{- define "callboard.labels" -}}
app.kubernetes.io/name: callboard
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
{{- define "callboard.probe" -}}
exec:
  command:
    - /usr/bin/python3.11
    - -Ic
    - "import http.client as h; c = h.HTTPConnection('127.0.0.1', 7007, timeout=3); c.request('GET', '{{ . }}'); exit(c.getresponse().status != 200)"
timeoutSeconds: 5
{{- end }}
