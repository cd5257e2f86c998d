import { request } from 'node:http';

/** One request to an admin interface, on a connection of its own. @throws Error for an answer other than 200 */
export function askAdmin(port: number, path: string, method: 'GET' | 'POST' = 'GET'): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({ port, host: '127.0.0.1', path, method, agent: false }, (answer) => {
      let body = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => (body += chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve(body);
        else reject(new Error(`${path}: ${answer.statusCode ?? 0} ${body}`));
      });
    });
    call.on('error', reject);
    call.end();
  });
}
