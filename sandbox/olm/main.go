// The Operator Lifecycle Manager: its two operators in one program, with the catalogue that they install from.
//
// Its own programs listen at a port that is the same for each cluster of a machine; these do not, and a catalogue is served to them.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"github.com/sirupsen/logrus"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/encoding/protojson"
	apiext "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiextclient "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	kubescheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/retry"
	apireg "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	metrics "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/operator-framework/api/crds"
	"github.com/operator-framework/operator-lifecycle-manager/pkg/api/client/clientset/versioned"
	"github.com/operator-framework/operator-lifecycle-manager/pkg/controller/operators"
	"github.com/operator-framework/operator-lifecycle-manager/pkg/controller/operators/catalog"
	"github.com/operator-framework/operator-lifecycle-manager/pkg/controller/operators/olm"
	"github.com/operator-framework/operator-lifecycle-manager/pkg/controller/operators/validatingroundtripper"
	"github.com/operator-framework/operator-lifecycle-manager/pkg/lib/operatorclient"
	"github.com/operator-framework/operator-lifecycle-manager/pkg/lib/queueinformer"
	"github.com/operator-framework/operator-registry/pkg/api"
	"github.com/operator-framework/operator-registry/pkg/registry"
	"github.com/operator-framework/operator-registry/pkg/server"
)

const resync = 5 * time.Minute

func main() {
	kubeconfig := flag.String("of", "", "the kubeconfig of the cluster")
	bundles := flag.String("catalogue", "", "the packages and bundles, as JSON")
	source := flag.String("source", "", "the name of the CatalogSource that they are served as")
	namespace := flag.String("namespace", "", "where it is: the namespace whose catalogues serve all others")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	logger := logrus.New()
	logger.SetLevel(logrus.WarnLevel)
	ctrl.SetLogger(logr.Discard())
	if err := run(ctx, logger, *kubeconfig, *bundles, *source, *namespace); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, logger *logrus.Logger, kubeconfig, bundles, source, namespace string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	// The sandbox serves some of these kinds with fewer fields.
	if err := define(ctx, config); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	address, err := serve(ctx, group, bundles)
	if err != nil {
		return err
	}
	if err := publish(ctx, config, source, namespace, address); err != nil {
		return err
	}
	group.Go(func() error { return installer(ctx, logger, config) })
	group.Go(func() error { return resolver(ctx, logger, kubeconfig, namespace) })
	return group.Wait()
}

// define brings the kinds of OLM into the cluster, and waits until they are served.
func define(ctx context.Context, config *rest.Config) error {
	clients, err := apiextclient.NewForConfig(config)
	if err != nil {
		return err
	}
	definitions := clients.ApiextensionsV1().CustomResourceDefinitions()
	for _, wanted := range []*apiext.CustomResourceDefinition{
		crds.CatalogSource(), crds.ClusterServiceVersion(), crds.InstallPlan(), crds.OLMConfig(),
		crds.OperatorCondition(), crds.OperatorGroup(), crds.Operator(), crds.Subscription(),
	} {
		found, err := definitions.Get(ctx, wanted.Name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			_, err = definitions.Create(ctx, wanted, metav1.CreateOptions{})
		} else if err == nil {
			found.Spec = wanted.Spec
			_, err = definitions.Update(ctx, found, metav1.UpdateOptions{})
		}
		if err != nil {
			return err
		}
		served := func(ctx context.Context) (bool, error) {
			now, err := definitions.Get(ctx, wanted.Name, metav1.GetOptions{})
			if err != nil {
				return false, err
			}
			for _, each := range now.Status.Conditions {
				if each.Type == apiext.Established && each.Status == apiext.ConditionTrue {
					return true, nil
				}
			}
			return false, nil
		}
		if err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, time.Minute, true, served); err != nil {
			return err
		}
	}
	return nil
}

// installer is what the program olm runs: it makes ClusterServiceVersions succeed.
func installer(ctx context.Context, logger *logrus.Logger, config *rest.Config) error {
	scheme := runtime.NewScheme()
	utilruntime.Must(metav1.AddMetaToScheme(scheme))
	utilruntime.Must(operators.AddToScheme(scheme))
	manager, err := ctrl.NewManager(config, ctrl.Options{Scheme: scheme, Metrics: metrics.Options{BindAddress: "0"}})
	if err != nil {
		return err
	}
	conditions, err := operators.NewOperatorConditionReconciler(manager.GetClient(), ctrl.Log, scheme)
	if err != nil {
		return err
	}
	if err := conditions.SetupWithManager(manager); err != nil {
		return err
	}
	generator, err := operators.NewOperatorConditionGeneratorReconciler(manager.GetClient(), ctrl.Log, scheme)
	if err != nil {
		return err
	}
	if err := generator.SetupWithManager(manager); err != nil {
		return err
	}
	labelled := validatingroundtripper.Wrap(config, scheme)
	cluster, err := operatorclient.NewClientFromRestConfig(labelled)
	if err != nil {
		return err
	}
	custom, err := versioned.NewForConfig(config)
	if err != nil {
		return err
	}
	described, err := metadata.NewForConfig(config)
	if err != nil {
		return err
	}
	operator, err := olm.NewOperator(
		ctx,
		olm.WithLogger(logger),
		olm.WithWatchedNamespaces(metav1.NamespaceAll),
		olm.WithResyncPeriod(queueinformer.ResyncWithJitter(resync, 0.2)),
		olm.WithExternalClient(custom),
		olm.WithMetadataClient(described),
		olm.WithOperatorClient(cluster),
		olm.WithRestConfig(labelled),
	)
	if err != nil {
		return err
	}
	operator.Run(ctx)
	<-operator.Ready()
	return manager.Start(ctx)
}

// resolver is what the program catalog runs: it makes plans of Subscriptions, and objects of approved plans.
func resolver(ctx context.Context, logger *logrus.Logger, kubeconfig, namespace string) error {
	scheme := kubescheme.Scheme
	utilruntime.Must(apiext.AddToScheme(scheme))
	utilruntime.Must(apireg.AddToScheme(scheme))
	// Bundles come with their objects, so that no image is pulled and unpacked.
	const noImage = "unused.invalid/none"
	operator, err := catalog.NewOperator(
		ctx, kubeconfig, clock.RealClock{}, logger, resync, noImage, noImage, noImage, namespace, scheme, time.Minute, time.Minute, -1,
	)
	if err != nil {
		return err
	}
	operator.Run(ctx)
	<-operator.Ready()
	<-operator.Done()
	return nil
}

// catalogue answers what OLM asks of one, from a file.
type catalogue struct {
	registry.EmptyQuery
	Packages []*registry.PackageManifest `json:"packages"`
	Bundles  []json.RawMessage           `json:"bundles"`
}

func (c *catalogue) ListPackages(context.Context) ([]string, error) {
	var names []string
	for _, each := range c.Packages {
		names = append(names, each.PackageName)
	}
	return names, nil
}

func (c *catalogue) GetPackage(_ context.Context, name string) (*registry.PackageManifest, error) {
	for _, each := range c.Packages {
		if each.PackageName == name {
			return each, nil
		}
	}
	return nil, fmt.Errorf("package %s is not in the catalogue", name)
}

func (c *catalogue) SendBundles(_ context.Context, stream registry.BundleSender) error {
	for _, each := range c.Bundles {
		var bundle api.Bundle
		if err := protojson.Unmarshal(each, &bundle); err != nil {
			return err
		}
		if err := stream.Send(&bundle); err != nil {
			return err
		}
	}
	return nil
}

// serve says at which address, on a port that is free.
func serve(ctx context.Context, group *errgroup.Group, bundles string) (string, error) {
	content, err := os.ReadFile(bundles)
	if err != nil {
		return "", err
	}
	var read catalogue
	if err := json.Unmarshal(content, &read); err != nil {
		return "", err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	served := grpc.NewServer()
	api.RegisterRegistryServer(served, server.NewRegistryServer(&read))
	grpc_health_v1.RegisterHealthServer(served, server.NewHealthServer())
	context.AfterFunc(ctx, served.Stop)
	group.Go(func() error { return served.Serve(listener) })
	return listener.Addr().String(), nil
}

// publish tells OLM of the catalogue, where a former run may have had it at another address.
func publish(ctx context.Context, config *rest.Config, name, namespace, address string) error {
	clients, err := versioned.NewForConfig(config)
	if err != nil {
		return err
	}
	sources := clients.OperatorsV1alpha1().CatalogSources(namespace)
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		found, err := sources.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		found.Spec.Address = address
		_, err = sources.Update(ctx, found, metav1.UpdateOptions{})
		return err
	})
}
