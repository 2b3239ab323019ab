// What is in a portal and can be read: calendar entries, deals, tasks. Fields that nobody set are made up.

/** The REST method that reads an object, and what a new object of that type has. */
export const TYPES = {
  "calendar.event": {
    scope: "calendar",
    fields: (id) => ({
      ID: id,
      PARENT_ID: id,
      DELETED: "N",
      CAL_TYPE: "user",
      OWNER_ID: "1",
      NAME: `Meeting ${id}`,
      DT_SKIP_TIME: "N",
      SECTION_ID: "1",
    }),
  },
  "calendar.section": { scope: "calendar", fields: (id) => ({ ID: id, NAME: `Calendar ${id}`, CAL_TYPE: "user", OWNER_ID: "1", COLOR: "#9cbeee" }) },
  "crm.deal": {
    scope: "crm",
    fields: (id) => ({ ID: id, TITLE: `Deal ${id}`, STAGE_ID: "NEW", OPPORTUNITY: "0.00", CURRENCY_ID: "EUR", ASSIGNED_BY_ID: "1" }),
  },
  "crm.lead": { scope: "crm", fields: (id) => ({ ID: id, TITLE: `Lead ${id}`, STATUS_ID: "NEW", ASSIGNED_BY_ID: "1" }) },
  "crm.contact": { scope: "crm", fields: (id) => ({ ID: id, NAME: "Maria", LAST_NAME: `Contact ${id}` }) },
  "crm.company": { scope: "crm", fields: (id) => ({ ID: id, TITLE: `Company ${id}` }) },
  "crm.quote": { scope: "crm", fields: (id) => ({ ID: id, TITLE: `Quote ${id}` }) },
  "crm.activity": { scope: "crm", fields: (id) => ({ ID: id, SUBJECT: `Activity ${id}`, OWNER_ID: "1", OWNER_TYPE_ID: "2" }) },
  "crm.item": { scope: "crm", fields: (id) => ({ id: Number(id), title: `Item ${id}` }) },
  "tasks.task": { scope: "task", fields: (id) => ({ id, title: `Task ${id}`, createdBy: "1", responsibleId: "1", status: "2" }) },
};

/** Which object an event is about; those that are not here have none that can be read. */
const BY_EVENT = [
  [/^ONCALENDARENTRY/, "calendar.event"],
  [/^ONCALENDARSECTION/, "calendar.section"],
  [/^ONCRMDEAL/, "crm.deal"],
  [/^ONCRMLEAD/, "crm.lead"],
  [/^ONCRMCONTACT/, "crm.contact"],
  [/^ONCRMCOMPANY/, "crm.company"],
  [/^ONCRMQUOTE/, "crm.quote"],
  [/^ONCRMACTIVITY/, "crm.activity"],
  [/^ONCRMDYNAMICITEM/, "crm.item"],
  [/^ONTASK(ADD|UPDATE|DELETE)/, "tasks.task"],
];

export const typeOf = (event) => BY_EVENT.find(([pattern]) => pattern.test(event))?.[1];

const key = (type, id) => `${type}/${id}`;

export const getObject = (portal, type, id) => portal.objects.get(key(type, id));

/** Stores an object, with these fields over the made-up or stored ones. */
export function putObject(portal, type, id, fields = {}) {
  const object = { ...(getObject(portal, type, id) ?? TYPES[type].fields(String(id))), ...fields };
  portal.objects.set(key(type, id), object);
  return object;
}

export const deleteObject = (portal, type, id) => portal.objects.delete(key(type, id));

/** All objects of a type. */
export const objectsOf = (portal, type) => [...portal.objects].filter(([name]) => name.startsWith(`${type}/`)).map(([, object]) => object);
