// All operations of the control API, by name: what each does, in words, and the function that does it.

import { applicationOperations } from "./applications.mjs";
import { portalOperations } from "./portals.mjs";
import { recordOperations } from "./records.mjs";
import { troubleOperations } from "./trouble.mjs";

export const OPERATIONS = Object.assign(Object.create(null), portalOperations, applicationOperations, troubleOperations, recordOperations);
