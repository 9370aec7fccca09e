import type { Operation } from './operation.ts';

const page = (path: `/${string}`, id: string, summary: string, contentType: string) =>
  ({
    id,
    method: 'GET',
    path,
    tag: 'documentation',
    summary,
    access: 'anyone',
    answers: { 200: { description: summary, contentType } },
  }) as const satisfies Operation;

export const readOpenApi = page('/openapi.json', 'readOpenApi', 'This document', 'application/json');
export const readDocs = page('/docs', 'readDocs', 'This document as a page', 'text/html');
export const readDocsScript = page('/docs/page.js', 'readDocsScript', 'The script of the page', 'text/javascript');
export const readDocsStyle = page('/docs/page.css', 'readDocsStyle', 'The style of the page', 'text/css');
