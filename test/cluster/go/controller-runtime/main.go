// A twin of the operator for the bench: it caches the same objects as controllers written with controller-runtime do,
// managedFields stripped, looks at each once, and does nothing. Usage: controller-runtime KUBECONFIG NAMESPACE
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

var groupVersion = schema.GroupVersion{Group: "cloudsql-ssl.dev", Version: "v1alpha1"}

// What an object has that is done; fields that it does not have cost nothing.
type CloudSqlSslReset struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              Spec   `json:"spec,omitempty"`
	Status            Status `json:"status,omitempty"`
}

type CloudSqlSslResetList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []CloudSqlSslReset `json:"items"`
}

type Spec struct {
	Project         string   `json:"project"`
	Instance        string   `json:"instance"`
	Mode            string   `json:"mode,omitempty"`
	DeadlineSeconds int32    `json:"deadlineSeconds,omitempty"`
	ServerCa        ServerCa `json:"serverCa,omitempty"`
	Rollout         Rollout  `json:"rollout,omitempty"`
}

type ServerCa struct {
	SecretName string `json:"secretName,omitempty"`
	Key        string `json:"key,omitempty"`
	Contents   string `json:"contents,omitempty"`
}

type Rollout struct {
	MaxConcurrent  int32    `json:"maxConcurrent,omitempty"`
	OnFailure      string   `json:"onFailure,omitempty"`
	TimeoutSeconds int32    `json:"timeoutSeconds,omitempty"`
	Referencing    bool     `json:"referencing,omitempty"`
	UnreadyPods    string   `json:"unreadyPods,omitempty"`
	Kinds          []string `json:"kinds,omitempty"`
}

type Status struct {
	ObservedGeneration int64              `json:"observedGeneration,omitempty"`
	Conditions         []metav1.Condition `json:"conditions,omitempty"`
	Request            Request            `json:"request,omitempty"`
	Operation          Operation          `json:"operation,omitempty"`
	ServerCa           PublishedCa        `json:"serverCa,omitempty"`
	Rollout            RolloutStatus      `json:"rollout,omitempty"`
	History            []Past             `json:"history,omitempty"`
}

type Request struct {
	Generation    int64  `json:"generation,omitempty"`
	ReceivedTime  string `json:"receivedTime,omitempty"`
	Attempt       int32  `json:"attempt,omitempty"`
	Time          string `json:"time,omitempty"`
	User          string `json:"user,omitempty"`
	Outcome       string `json:"outcome,omitempty"`
	Answered      bool   `json:"answered,omitempty"`
	DoneTime      string `json:"doneTime,omitempty"`
	PublishedTime string `json:"publishedTime,omitempty"`
	Before        Before `json:"before,omitempty"`
}

type Before struct {
	ServerCaSha1Fingerprint string   `json:"serverCaSha1Fingerprint,omitempty"`
	Operations              []string `json:"operations,omitempty"`
}

type Operation struct {
	Name       string `json:"name,omitempty"`
	Status     string `json:"status,omitempty"`
	InsertTime string `json:"insertTime,omitempty"`
	StartTime  string `json:"startTime,omitempty"`
	EndTime    string `json:"endTime,omitempty"`
}

type PublishedCa struct {
	SecretName              string `json:"secretName,omitempty"`
	Sha1Fingerprint         string `json:"sha1Fingerprint,omitempty"`
	PreviousSha1Fingerprint string `json:"previousSha1Fingerprint,omitempty"`
	ExpirationTime          string `json:"expirationTime,omitempty"`
	ReadTime                string `json:"readTime,omitempty"`
}

type RolloutStatus struct {
	Revision     string `json:"revision,omitempty"`
	Summary      string `json:"summary,omitempty"`
	Progress     int32  `json:"progress,omitempty"`
	ProgressTime string `json:"progressTime,omitempty"`
}

type Past struct {
	Time      string `json:"time,omitempty"`
	Outcome   string `json:"outcome,omitempty"`
	Operation string `json:"operation,omitempty"`
}

// Nothing changes what it reads, so a copy need not be deep.
func (in *CloudSqlSslReset) DeepCopyObject() runtime.Object     { out := *in; return &out }
func (in *CloudSqlSslResetList) DeepCopyObject() runtime.Object { out := *in; return &out }

type reader struct{ client.Client }

func (r reader) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	return ctrl.Result{}, client.IgnoreNotFound(r.Get(ctx, request.NamespacedName, &CloudSqlSslReset{}))
}

func main() {
	ctrl.SetLogger(logr.Discard())
	config, err := clientcmd.BuildConfigFromFlags("", os.Args[1])
	must(err)
	scheme := runtime.NewScheme()
	scheme.AddKnownTypes(groupVersion, &CloudSqlSslReset{}, &CloudSqlSslResetList{})
	metav1.AddToGroupVersion(scheme, groupVersion)
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:  scheme,
		Metrics: server.Options{BindAddress: "0"},
		Cache: cache.Options{
			DefaultTransform:  cache.TransformStripManagedFields(),
			DefaultNamespaces: map[string]cache.Config{os.Args[2]: {}},
		},
	})
	must(err)
	must(ctrl.NewControllerManagedBy(manager).For(&CloudSqlSslReset{}).Complete(reader{manager.GetClient()}))
	ctx := ctrl.SetupSignalHandler()
	go func() {
		if manager.GetCache().WaitForCacheSync(ctx) {
			fmt.Println("synced")
		}
	}()
	must(manager.Start(ctx))
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
