import type { EntityManager, QueryBuilder } from '@mikro-orm/postgresql';
import { wordsOf } from '../../../platform/text/normal.ts';
import { Product } from '../domain/product.ts';

type Search = { readonly query: string; readonly category: string };

/**
 * Products on sale after the one with the id `after`, in the order of their ids. Ids grow with time: a product that is created while
 * somebody reads page after page appears at the end. A product matches when each word of the query begins one of its words. A query
 * without words, such as `!!!`, matches nothing.
 */
export function searchProducts(
  em: EntityManager,
  search: Search,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<Product[]> {
  const found = matching(em, search);
  if (page.after) found.andWhere({ id: { $gt: page.after } });
  return found.orderBy({ id: 'asc' }).limit(page.limit).getResultList();
}

export function countProducts(em: EntityManager, search: Search): Promise<number> {
  return matching(em, search).getCount();
}

function matching(em: EntityManager, { query, category }: Search): QueryBuilder<Product> {
  const found = em.createQueryBuilder(Product, 'p').where({ active: true });
  if (category) found.andWhere({ category });
  const words = wordsOf(query);
  if (words.length === 1) found.andWhere('p.search_words @@ ?::tsquery', [prefixes(words)]);
  // Several words: the index finds all matches first. A walk along the ids would be planned on the assumption that words are
  // independent, and would read the whole catalogue for two frequent words that no product has both of.
  else if (words.length > 1) found.andWhere('p.id = any(array(select product_ids_with(?::tsquery)))', [prefixes(words)]);
  else if (query) found.andWhere('false');
  return found;
}

/** `red rob` as a tsquery: 'red':* & 'rob':*. Words hold letters, digits and marks only, so nothing has to be quoted. */
function prefixes(words: readonly string[]): string {
  return words.map((word) => `'${word}':*`).join(' & ');
}
