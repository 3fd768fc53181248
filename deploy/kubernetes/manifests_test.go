// Package kubernetes_test holds the manifests against Kubernetes's own types. It is a module of its own, so that the
// service does not carry them.
package kubernetes_test

import (
	"bufio"
	"os"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// manifests are what `kubectl apply -k` would send; a field that Kubernetes does not know is an error.
type manifests struct {
	deployment appsv1.Deployment
	job        batchv1.Job
	config     corev1.ConfigMap
	service    corev1.Service
	budget     policyv1.PodDisruptionBudget
	network    networkingv1.NetworkPolicy
}

func read(t *testing.T) (m manifests) {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), ".")
	if err != nil {
		t.Fatal(err)
	}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{appsv1.AddToScheme, batchv1.AddToScheme, corev1.AddToScheme, networkingv1.AddToScheme, policyv1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	kinds := map[string]runtime.Object{"Deployment": &m.deployment, "Job": &m.job, "ConfigMap": &m.config, "Service": &m.service, "PodDisruptionBudget": &m.budget, "NetworkPolicy": &m.network}
	for _, r := range built.Resources() {
		text, err := r.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		into, ok := kinds[r.GetKind()]
		if !ok {
			t.Fatalf("there is a second or unknown %s", r.GetKind())
		}
		if _, _, err := decoder.Decode(text, nil, into); err != nil {
			t.Errorf("%s: %v", r.CurId(), err)
		}
		delete(kinds, r.GetKind())
	}
	if len(kinds) > 0 {
		t.Fatalf("these are missing: %v", kinds)
	}
	return m
}

func TestManifests_PodsHaveNoMoreRightsThanTheyNeed(t *testing.T) {
	m := read(t)
	for name, pod := range map[string]corev1.PodSpec{"deployment": m.deployment.Spec.Template.Spec, "migration": m.job.Spec.Template.Spec} {
		if s := pod.SecurityContext; !*s.RunAsNonRoot || *s.RunAsUser == 0 || s.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault || *pod.AutomountServiceAccountToken {
			t.Errorf("%s: the pod may too much: %+v", name, s)
		}
		for _, c := range pod.Containers {
			s := c.SecurityContext
			if !*s.ReadOnlyRootFilesystem || *s.AllowPrivilegeEscalation || len(s.Capabilities.Drop) != 1 || s.Capabilities.Drop[0] != "ALL" || len(s.Capabilities.Add) > 0 {
				t.Errorf("%s: the container may too much: %+v", name, s)
			}
			if c.Resources.Limits.Memory().IsZero() || c.Resources.Requests.Cpu().IsZero() {
				t.Errorf("%s: the container has no limits", name)
			}
		}
	}
}

func TestManifests_FitEachOther(t *testing.T) {
	m := read(t)
	pods, migration := labels.Set(m.deployment.Spec.Template.Labels), labels.Set(m.job.Spec.Template.Labels)
	for name, selector := range map[string]*metav1.LabelSelector{
		"deployment": m.deployment.Spec.Selector, "disruption budget": m.budget.Spec.Selector, "network policy": &m.network.Spec.PodSelector,
		"service": {MatchLabels: m.service.Spec.Selector},
	} {
		s, err := metav1.LabelSelectorAsSelector(selector)
		if err != nil || !s.Matches(pods) {
			t.Errorf("%s does not select the pods: %v", name, err)
		}
		if (name == "network policy") != s.Matches(migration) {
			t.Errorf("%s selects the migration wrongly", name)
		}
	}
	if int(*m.deployment.Spec.Replicas) <= m.budget.Spec.MinAvailable.IntValue() {
		t.Error("the disruption budget lets no node be emptied")
	}
	c := m.deployment.Spec.Template.Spec.Containers[0]
	ports := map[string]int32{}
	for _, p := range c.Ports {
		ports[p.Name] = p.ContainerPort
	}
	for what, port := range map[string]string{
		"service": m.service.Spec.Ports[0].TargetPort.String(), "liveness": c.LivenessProbe.HTTPGet.Port.String(),
		"readiness": c.ReadinessProbe.HTTPGet.Port.String(), "start": c.StartupProbe.HTTPGet.Port.String(),
	} {
		if ports[port] != 8000 {
			t.Errorf("%s asks at %s", what, port)
		}
	}
	if c.ReadinessProbe.HTTPGet.Path != "/readyz" || c.LivenessProbe.HTTPGet.Path != "/healthz" { // an outage of the database is no reason to kill
		t.Error("the probes are exchanged")
	}
	const afterwards = 12 // what docs/operations.md asks for beside the settings
	if least := c.Lifecycle.PreStop.Sleep.Seconds + 5 + 20 + afterwards; *m.deployment.Spec.Template.Spec.TerminationGracePeriodSeconds < least {
		t.Errorf("a stop may take %d s", least)
	}
}

func TestManifests_NameSettingsThatExist(t *testing.T) {
	file, err := os.Open("../../.env.example")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	known := map[string]bool{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		name, _, _ := strings.Cut(strings.TrimPrefix(lines.Text(), "#"), "=")
		known[name] = true
	}
	settings := read(t).config.Data
	for name := range settings {
		if !known[name] {
			t.Errorf("there is no setting %s", name)
		}
	}
	if settings["SHUTDOWN_DELAY_SECONDS"] != "5" || settings["SHUTDOWN_SECONDS"] != "20" || settings["AUTO_MIGRATE"] != "false" {
		t.Error("the settings are not those that the manifests rely on")
	}
}
