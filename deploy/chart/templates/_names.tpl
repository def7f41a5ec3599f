{{- define "callboard.labels" -}}
app.kubernetes.io/name: callboard
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
{{- /* On loopback the kubelet cannot ask; where people sign in it asks by the pod's address. */}}
{{- define "callboard.probe" -}}
{{- if .people.enabled }}
httpGet: {path: {{ .path }}, port: http, scheme: {{ if .people.tls }}HTTPS{{ else }}HTTP{{ end }}}
{{- else }}
exec:
  command:
    - /usr/bin/python3.11
    - -Ic
    - "import http.client as h; c = h.HTTPConnection('127.0.0.1', 7007, timeout=3); c.request('GET', '{{ .path }}'); exit(c.getresponse().status != 200)"
{{- end }}
timeoutSeconds: 5
{{- end }}
{{- define "callboard.keeps" -}}
{{- if and .Values.persistence.enabled (not .Values.demo) }}true{{ end }}
{{- end }}
{{- define "callboard.address" -}}
{{- required "people.enabled needs config.app.baseUrl: the address that people use" (dig "app" "baseUrl" "" .Values.config) }}
{{- end }}
{{- define "callboard.host" -}}
{{- (urlParse (include "callboard.address" .)).hostname }}
{{- end }}
