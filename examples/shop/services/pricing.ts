import { serveShop } from './shop-service.ts';

const cents = { tea: 450, cup: 1290 };

serveShop('pricing', () => ({ body: { cents } }));
