// Whole requests, for count.mjs: those of the workloads that are one request to the flow.
import { NO_ID } from './count.mjs';
import { metric, metricsBody, onePatient, patients, seedBody, series, workloads } from './workloads.mjs';

const of = {
  W1: { method: 'GET', answer: [200, onePatient()] },
  // `stores`: what the store's thread does for it is counted, too.
  W2: { method: 'POST', body: seedBody(), answer: [201, onePatient(NO_ID)], stores: true },
  W3: { method: 'GET', bearer: true, answer: [200, patients(50)] },
  W4: { method: 'POST', bearer: true, type: 'application/vnd.api+json', body: metricsBody(20), answer: [201, metric(NO_ID)] },
  W5: { method: 'GET', bearer: true, answer: [200, series('weight', 100)] },
};

// `count` of each in a block.
export const wholeRequests = (count) => Object.fromEntries(Object.entries(of).map(([name, one]) =>
  [name, { ...one, path: workloads[name].path, requests: count }]));
