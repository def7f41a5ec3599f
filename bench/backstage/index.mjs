// The backend that Callboard is measured against: a catalog and the Kubernetes plugin, with every default of theirs.
// Its configuration is the app-config.yaml named with --config.
import { createBackend } from "@backstage/backend-defaults";
import catalog from "@backstage/plugin-catalog-backend";
import kubernetes from "@backstage/plugin-kubernetes-backend";

const backend = createBackend();
backend.add(catalog);
backend.add(kubernetes);
await backend.start();
