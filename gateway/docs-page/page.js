// Shows /openapi.json. Everything that it says is put in as text, never as markup.

/** An element with classes, text and children. */
function element(tag, { className = '', text = '', ...attributes } = {}, children = []) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** A schema as a shape to read: `name: type  constraints`, with what it refers to by name. */
function shape(schema, indent = '') {
  if (schema === undefined || schema === true) return 'anything';
  if (schema.$ref) return schema.$ref.split('/').at(-1);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return choices.map((choice) => shape(choice, indent)).join(' | ');
  if (schema.allOf) return schema.allOf.map((part) => shape(part, indent)).join(' & ');
  if (schema.type === 'array') return `[${shape(schema.items, indent)}]${limits(schema)}`;
  if (schema.type === 'object') return objectShape(schema, indent);
  return `${schema.format ?? schema.type}${limits(schema)}`;
}

function objectShape({ properties, required = [], additionalProperties }, indent) {
  if (!properties) return `{ [name]: ${shape(additionalProperties, indent)} }`;
  const inner = `${indent}  `;
  const lines = Object.entries(properties).map(([name, property]) => {
    const meaning = property.description ? `  // ${property.description}` : '';
    return `${inner}${name}${required.includes(name) ? '' : '?'}: ${shape(property, inner)}${meaning}`;
  });
  return `{\n${lines.join('\n')}\n${indent}}`;
}

const LIMITS = ['minimum', 'maximum', 'minLength', 'maxLength', 'minItems', 'maxItems', 'pattern', 'default'];

function limits(schema) {
  // The largest whole number that JavaScript knows says nothing.
  const stated = LIMITS.filter((name) => schema[name] !== undefined && Math.abs(schema[name]) !== Number.MAX_SAFE_INTEGER);
  if (schema.format) return '';
  return stated.length === 0 ? '' : ` (${stated.map((name) => `${name} ${JSON.stringify(schema[name])}`).join(', ')})`;
}

function table(rows) {
  return element(
    'table',
    {},
    rows.map((cells) =>
      element(
        'tr',
        {},
        cells.map((cell) => element('td', {}, [cell])),
      ),
    ),
  );
}

function accessOf({ security, 'x-roles': roles }) {
  if (roles) return `Needs the role ${roles.join(' or ')}.`;
  return security.some((one) => Object.keys(one).length === 0) ? 'Anyone may call.' : 'Needs an access token.';
}

/** Reasons as links to what they mean, or the description of an answer that is no problem. */
function meaningOf({ description, content = {} }) {
  const reasons = content['application/problem+json']?.schema.allOf[1].properties.reason.enum;
  if (!reasons) return element('span', { text: description });
  const links = reasons.flatMap((reason) => [element('a', { href: `/docs/problems.md#${reason}`, text: reason }), ' ']);
  return element('span', {}, links);
}

function operationCard(path, method, operation) {
  const inside = [element('p', { className: 'quiet', text: accessOf(operation) })];
  if (operation.description) inside.unshift(element('p', { text: operation.description }));
  if (operation.parameters.length > 0) {
    const rows = operation.parameters.map(({ name, in: place, required, schema, description = schema.description ?? '' }) => [
      element('code', { text: name }),
      `${place}${required ? ', required' : ''}`,
      `${shape(schema)}${description ? `: ${description}` : ''}`,
    ]);
    inside.push(element('h3', { text: 'Parameters' }), table(rows));
  }
  for (const { schema } of Object.values(operation.requestBody?.content ?? {})) {
    inside.push(element('h3', { text: 'Body' }), element('pre', { text: shape(schema) }));
  }
  inside.push(element('h3', { text: 'Answers' }));
  inside.push(table(Object.entries(operation.responses).map(([status, answer]) => [status, meaningOf(answer)])));
  for (const [status, { content = {} }] of Object.entries(operation.responses)) {
    const schema = content['application/json']?.schema;
    if (schema) inside.push(element('h3', { text: `Body of ${status}` }), element('pre', { text: shape(schema) }));
  }
  const heading = element('summary', {}, [
    element('span', { className: `method ${method}`, text: method.toUpperCase() }),
    element('code', { text: path }),
    element('span', { className: 'quiet', text: `  ${operation.summary}` }),
  ]);
  const words = `${path} ${method} ${JSON.stringify(operation)}`.toLowerCase();
  return element('details', { id: operation.operationId, 'data-words': words }, [
    heading,
    element('div', { className: 'inside' }, inside),
  ]);
}

function schemaCard(name, schema) {
  const words = `${name} ${JSON.stringify(schema)}`.toLowerCase();
  return element('details', { id: `schema-${name}`, 'data-words': words }, [
    element('summary', {}, [
      element('code', { text: name }),
      element('span', { className: 'quiet', text: `  ${schema.description ?? ''}` }),
    ]),
    element('div', { className: 'inside' }, [element('pre', { text: shape(schema) })]),
  ]);
}

function section(title, cards) {
  document.getElementById('operations').append(element('h2', { text: title }), ...cards);
  const entries = cards.map((card) => {
    const label = card.querySelector('summary').querySelectorAll('.method, code');
    return element('li', {}, [element('a', { href: `#${card.id}`, text: [...label].map((part) => part.textContent).join(' ') })]);
  });
  document.getElementById('contents').append(element('h2', { text: title }), element('ul', {}, entries));
}

function openAddressed() {
  const card = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (card?.tagName === 'DETAILS') card.open = true;
}

async function show() {
  const answer = await fetch('/openapi.json');
  if (!answer.ok) throw new Error(`/openapi.json is answered ${answer.status}`);
  const { info, tags, paths, components } = await answer.json();
  document.getElementById('version').textContent = info.version;
  document.getElementById('about').textContent = info.description;
  for (const { name } of tags) {
    const cards = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([, operation]) => operation.tags.includes(name))
        .map(([method, operation]) => operationCard(path, method, operation)),
    );
    section(name, cards);
  }
  section(
    'schemas',
    Object.entries(components.schemas)
      .sort(([one], [other]) => one.localeCompare(other))
      .map(([name, schema]) => schemaCard(name, schema)),
  );
  document.getElementById('find').addEventListener('input', ({ target }) => {
    const wanted = target.value.trim().toLowerCase();
    for (const card of document.querySelectorAll('details')) card.hidden = !card.dataset.words.includes(wanted);
  });
  addEventListener('hashchange', openAddressed);
  openAddressed();
}

show().catch((error) => {
  document.getElementById('about').textContent = `The document could not be loaded: ${error.message}`;
});
