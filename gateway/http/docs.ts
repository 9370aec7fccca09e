/** The API document, and Swagger UI to browse and try it. Served from the installed package: the page works offline. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Operation, Route } from './route.ts';

export type DocsDeps = { readonly openApi: string };

// Seconds. Short, because a release changes the document.
const CACHE_CONTROL = 'public, max-age=60';

// The page loads its own files and calls this gateway; nothing else. Its icons are data URLs in the style sheet.
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>ShopFast API</title>
    <link rel="stylesheet" href="/docs/swagger-ui.css">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

// No validator: it is a server on the internet.
const START = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  displayRequestDuration: true,
  filter: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
`;

const require = createRequire(import.meta.url);

export const readOpenApi: Route<DocsDeps> = {
  operation: describe('readOpenApi', '/openapi.json', 'application/json', 'This document'),
  handler: ({ openApi }) => fixed('application/json', openApi),
};

export const readDocs: Route<unknown> = {
  operation: describe('readDocs', '/docs', 'text/html', 'This document as a page'),
  handler() {
    const answer = fixed('text/html; charset=utf-8', PAGE);
    return function readDocsHandler(ctx) {
      ctx.set('Content-Security-Policy', PAGE_POLICY);
      return answer(ctx);
    };
  },
};

export const readDocsStart: Route<unknown> = {
  operation: describe('readDocsStart', '/docs/start.js', 'text/javascript', 'Starts the page'),
  handler: () => fixed('text/javascript; charset=utf-8', START),
};

export const readDocsScript: Route<unknown> = {
  operation: describe('readDocsScript', '/docs/swagger-ui-bundle.js', 'text/javascript', 'The script of the page'),
  handler: () => fixed('text/javascript; charset=utf-8', packaged('swagger-ui-bundle.js')),
};

export const readDocsStyle: Route<unknown> = {
  operation: describe('readDocsStyle', '/docs/swagger-ui.css', 'text/css', 'The style of the page'),
  handler: () => fixed('text/css; charset=utf-8', packaged('swagger-ui.css')),
};

export const readRoot: Route<unknown> = {
  operation: {
    id: 'readRoot',
    method: 'GET',
    path: '/',
    tag: 'documentation',
    summary: 'Lead to the documentation',
    access: 'anyone',
    answers: { 302: { description: 'The documentation.', headers: { Location: '/docs' } } },
  },
  handler: () => (ctx) => ctx.redirect('/docs'),
};

function describe(id: string, path: `/${string}`, contentType: string, summary: string): Operation {
  const answers = { 200: { description: summary, contentType } };
  return { id, method: 'GET', path, tag: 'documentation', summary, access: 'anyone', answers };
}

/** Answers the same content to every request. */
function fixed(type: string, content: string): ReturnType<Route<unknown>['handler']> {
  return function fixedHandler(ctx) {
    ctx.set('Cache-Control', CACHE_CONTROL);
    ctx.set('Content-Type', type);
    ctx.body = content;
  };
}

function packaged(name: string): string {
  return readFileSync(require.resolve(`swagger-ui-dist/${name}`), 'utf8');
}
