import { readFileSync } from 'node:fs';
import { readDocs, readDocsScript, readDocsStyle, readOpenApi } from '../api/documentation.ts';
import { openApiDocument } from '../api/openapi.ts';
import { type Operation, serve } from '../api/operation.ts';
import type { Routes } from '../context.ts';

// Short: a release changes it. Seconds.
const CACHE_CONTROL = 'public, max-age=60';
// The page loads its own two files and the document, and nothing from elsewhere.
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

export function documentationRoutes(router: Routes, version: string): void {
  const document = JSON.stringify(openApiDocument(version));
  answer(readOpenApi, 'application/json', document);
  answer(readDocs, 'text/html; charset=utf-8', pageFile('page.html'));
  answer(readDocsScript, 'text/javascript; charset=utf-8', pageFile('page.js'));
  answer(readDocsStyle, 'text/css; charset=utf-8', pageFile('page.css'));

  function answer(operation: Operation, type: string, content: string): void {
    serve(router, operation, (ctx) => {
      if (operation === readDocs) ctx.set('Content-Security-Policy', PAGE_POLICY);
      ctx.set('Cache-Control', CACHE_CONTROL);
      ctx.set('Content-Type', type);
      ctx.body = content;
    });
  }
}

function pageFile(name: string): string {
  return readFileSync(new URL(`../docs-page/${name}`, import.meta.url), 'utf8');
}
