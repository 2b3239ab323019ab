// The frame of every page of a portal.

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Text that may stand in HTML and in its attributes. */
export const escape = (text) => String(text).replace(/[&<>"']/g, (character) => ENTITIES[character]);

/** A whole page. `body` is HTML. */
export const html = (title, body) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${escape(title)}</title>
    <style>
      body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: #1d2733; background: #eef2f4; }
      header { padding: 12px 24px; color: #fff; background: #2a3f54; }
      header small { opacity: 0.8; margin-left: 12px; }
      main { padding: 12px 24px; }
      iframe { width: 100%; height: 70vh; border: 0; border-radius: 8px; background: #fff; }
      output { color: #b3261e; }
    </style>
  </head>
  <body>
    <header><b>${escape(title)}</b><small>a simulated Bitrix24</small></header>
    <main>${body}</main>
  </body>
</html>
`;
