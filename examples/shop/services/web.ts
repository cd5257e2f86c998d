import { callService, serveShop } from './shop-service.ts';

/** The front: its answer is the catalogue's, and it says which version and which revision of the route gave it. */
serveShop('web', async () => {
  const { body, headers } = await callService('catalog', '/');
  const handedOn = ['x-version', 'x-route'].flatMap((name) => {
    const value = headers[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { body: { catalog: body }, headers: Object.fromEntries(handedOn) };
});
