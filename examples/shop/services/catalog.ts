import { callService, serveShop } from './shop-service.ts';

const isSecondVersion = process.env['VERSION'] === 'v2';

/** The second version writes prices as people read them. */
serveShop('catalog', async () => {
  const { body } = await callService('pricing', '/');
  const { cents } = body as { readonly cents: Readonly<Record<string, number>> };
  const products = Object.entries(cents).map(([name, price]) => ({
    name,
    price: isSecondVersion ? `€${(price / 100).toFixed(2)}` : price,
  }));
  return { body: { products } };
});
