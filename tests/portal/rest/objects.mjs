// The methods that read one object, and lists of calendars.

import { TYPES, getObject, objectsOf } from "../world/objects.mjs";
import { RestError, missing } from "./error.mjs";

const notFound = (description = "Not found") => new RestError(400, "", description);

/** A method that reads one object of a type by the parameter that holds its id. */
const getter = (type, parameter, { wrap = (object) => object, absent } = {}) => ({
  scope: TYPES[type].scope,
  run({ portal }, parameters) {
    const id = named(parameters, parameter);
    if (id === undefined || id === "") throw missing(parameter);
    const object = getObject(portal, type, id);
    if (object !== undefined) return wrap(object);
    if (absent === undefined) throw notFound();
    return absent();
  },
});

/** Parameters are found whatever their case. */
export const named = (parameters, name) => Object.entries(parameters).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];

export const objectMethods = {
  "calendar.event.getbyid": getter("calendar.event", "id", { absent: () => null }),
  "calendar.section.get": { scope: "calendar", run: ({ portal }) => objectsOf(portal, "calendar.section") },
  "crm.deal.get": getter("crm.deal", "id"),
  "crm.lead.get": getter("crm.lead", "id"),
  "crm.contact.get": getter("crm.contact", "id"),
  "crm.company.get": getter("crm.company", "id"),
  "crm.quote.get": getter("crm.quote", "id"),
  "crm.activity.get": getter("crm.activity", "id"),
  "crm.item.get": getter("crm.item", "id", {
    wrap: (item) => ({ item }),
    absent: () => {
      throw notFound("Item not found");
    },
  }),
  // No such task, or none that the user may see: an empty array, not an error.
  "tasks.task.get": getter("tasks.task", "taskId", { wrap: (task) => ({ task }), absent: () => [] }),
};
